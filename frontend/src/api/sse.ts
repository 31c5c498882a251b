/** Server-sent events out of a stream's text. Pure: what is not complete yet comes back. */

export type StreamEvent = { id: string | null; name: string; data: string }

/** The complete events in `text`, and the rest that waits for more. */
export function readEvents(text: string): [StreamEvent[], string] {
  const blocks = text.split(/\r?\n\r?\n/)
  const rest = blocks.pop() ?? ''
  return [
    blocks.map(readEvent).filter((event) => event.data !== '' || event.name !== 'message'),
    rest,
  ]
}

function readEvent(block: string): StreamEvent {
  const event: StreamEvent = { id: null, name: 'message', data: '' }
  const data: string[] = []
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? []
    if (field === 'id') event.id = value
    if (field === 'event') event.name = value
    if (field === 'data') data.push(value)
  }
  return { ...event, data: data.join('\n') }
}
