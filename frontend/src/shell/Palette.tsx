import { type KeyboardEvent, useId, useState } from 'react'

import { classes } from '../lib/classes'
import { Dialog } from '../ui/Dialog'
import { Input } from '../ui/Input'
import { Private } from '../ui/Private'
import { type Command, useCommands } from './commands'
import { texts } from './texts'

/** Everything by name: pages and actions, and what the pool has. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [words, setWords] = useState('')
  const [at, setAt] = useState(0)
  const list = useId()
  const sections = useCommands(words)
  const found = sections.flatMap(({ commands }) => commands)
  const chosen = found[Math.min(at, found.length - 1)]
  const optionId = (command: Command) => `${list}-${found.indexOf(command)}`

  function run(command: Command | undefined) {
    if (!command) return
    onClose()
    command.run()
  }

  function step(by: number) {
    const next = (Math.min(at, found.length - 1) + by + found.length) % found.length
    setAt(next)
    document.getElementById(`${list}-${next}`)?.scrollIntoView({ block: 'nearest' })
  }

  function onKeyDown(event: KeyboardEvent) {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const by = steps[event.key]
    if (by && found.length > 0) {
      event.preventDefault()
      step(by)
    }
    if (event.key === 'Enter' && !event.nativeEvent.isComposing) run(chosen)
  }

  return (
    <Dialog open onClose={onClose} title={texts.search}>
      <div className="sticky top-0 z-10 bg-card -mx-1 px-1 pt-1 pb-2">
        <Input
          role="combobox"
          aria-label={texts.searchHint}
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={chosen && optionId(chosen)}
          placeholder={texts.searchHint}
          autoComplete="off"
          value={words}
          onChange={({ target }) => {
            setWords(target.value)
            setAt(0)
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div id={list} role="listbox" aria-label={texts.search} className="grid gap-2">
        {sections.map(({ title, commands }) => (
          <div key={title} role="group" aria-label={title}>
            <p aria-hidden="true" className="px-2 py-1 text-xs text-muted">
              {title}
            </p>
            {commands.map((command) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and the keys
              <div
                key={command.id}
                id={optionId(command)}
                role="option"
                tabIndex={-1}
                aria-selected={command === chosen}
                onClick={() => run(command)}
                className={classes(
                  'flex min-h-8 touch:min-h-11 cursor-pointer items-center gap-3 rounded px-2',
                  command === chosen ? 'bg-soft' : 'hover:bg-soft',
                )}
              >
                <command.icon aria-hidden="true" className="size-4 shrink-0 text-muted" />
                <span className="min-w-0 grow truncate">
                  {command.isPrivate ? <Private>{command.label}</Private> : command.label}
                </span>
                {command.note && (
                  <span className="shrink-0 text-sm text-muted">{command.note}</span>
                )}
              </div>
            ))}
          </div>
        ))}
      </div>
    </Dialog>
  )
}
