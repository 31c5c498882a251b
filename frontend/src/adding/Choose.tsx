import { type DragEvent, type FormEvent, useRef, useState } from 'react'

import { Button } from '../ui/Button'
import { Field } from '../ui/Field'
import { chosen } from './chosen'
import { dropped } from './dropped'
import { texts } from './texts'
import { useFilesInZone } from './useFilesInZone'

const said = texts.import

export type Document = { name: string; content: string }

type Props = { busy: boolean; onChosen: (documents: readonly Document[]) => void }

/** Files, a whole folder, or a text. */
export function Choose({ busy, onChosen }: Props) {
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const [note, setNote] = useState('')
  const [pasted, setPasted] = useState('')
  const [isEmpty, setEmpty] = useState(false)
  const [isOver, setOver] = useState(false)
  useFilesInZone()

  async function take(all: readonly File[], fromFolder: boolean) {
    const { taken, passedOver } = chosen(all, fromFolder)
    const skipped = passedOver > 0 ? said.passedOver(passedOver) : ''
    setNote(taken.length === 0 ? [said.nothing, skipped].filter(Boolean).join(' ') : skipped)
    const read = async (file: File) => ({
      name: file.webkitRelativePath || file.name,
      content: await file.text(),
    })
    if (taken.length > 0) onChosen(await Promise.all(taken.map(read)))
  }

  async function drop(event: DragEvent) {
    event.preventDefault()
    setOver(false)
    const { files: found, hasFolder } = await dropped(event.dataTransfer)
    await take(found, hasFolder)
  }

  function check(event: FormEvent) {
    event.preventDefault()
    setEmpty(pasted.trim() === '')
    if (pasted.trim() && !busy) onChosen([{ name: said.pasteName, content: pasted }])
  }

  return (
    <>
      <p>{said.text}</p>
      <p className="text-sm text-muted">{said.once}</p>
      <div
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => void drop(event)}
        className={`grid justify-items-center gap-3 rounded border border-dashed px-4 py-8 ${isOver ? 'border-accent bg-soft' : 'border-edge'}`}
      >
        <p className="text-muted">{said.drop}</p>
        <div className="flex flex-wrap justify-center gap-2">
          <Button busy={busy} onClick={() => files.current?.click()}>
            {said.files}
          </Button>
          <Button busy={busy} onClick={() => folder.current?.click()}>
            {said.folder}
          </Button>
        </div>
        <input
          ref={files}
          type="file"
          multiple
          hidden
          onChange={({ target }) => void take([...(target.files ?? [])], false)}
        />
        <input
          ref={(input) => {
            folder.current = input
            if (input) input.webkitdirectory = true
          }}
          type="file"
          hidden
          onChange={({ target }) => void take([...(target.files ?? [])], true)}
        />
        <p role="status" className="text-sm text-muted empty:hidden">
          {note}
        </p>
      </div>
      <form onSubmit={check} className="grid gap-3">
        <Field label={said.paste} error={isEmpty ? said.empty : null}>
          {(control) => (
            <textarea
              {...control}
              value={pasted}
              rows={4}
              autoComplete="off"
              spellCheck={false}
              placeholder={'{"tokens": {…}}'}
              className="w-full min-w-0 rounded border border-edge bg-card px-2 py-1.5 font-mono text-sm touch:text-lg"
              onChange={({ target }) => setPasted(target.value)}
            />
          )}
        </Field>
        <Button type="submit" className="justify-self-start" busy={busy}>
          {said.check}
        </Button>
      </form>
    </>
  )
}
