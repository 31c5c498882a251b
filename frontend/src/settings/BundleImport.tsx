import { type FormEvent, useState } from 'react'

import { Problem } from '../api/problem'
import type { Schema } from '../api/queries'
import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Checkbox } from '../ui/Checkbox'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { Private } from '../ui/Private'
import { Sheet } from '../ui/Sheet'
import { useImport } from './moving'
import { texts } from './texts'

const said = texts.data

/** A look inside comes first; what is then brought in is in force at once. */
export function BundleImport({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null)
  const [passphrase, setPassphrase] = useState('')
  const [skipInvalid, setSkip] = useState(false)
  const [sent, setSent] = useState(false)
  const look = useImport()
  const bring = useImport()
  const records = look.data?.records ?? null
  const isBad = records?.some(({ status }) => status === 'invalid') ?? false
  const refused = bring.error ?? look.error

  function submit(event: FormEvent) {
    event.preventDefault()
    setSent(true)
    if (!file || look.isPending || bring.isPending) return
    if (!records) look.mutate({ file, passphrase, skipInvalid: false, dryRun: true })
    else if (!isBad || skipInvalid) {
      bring.mutate({ file, passphrase, skipInvalid, dryRun: false }, { onSuccess: done })
    }
  }

  function done({ records: taken }: Schema['BundleImportResponse']) {
    onClose()
    say(said.imported(taken.filter(({ status }) => IN_FORCE.includes(status)).length))
  }

  /** What is shown belongs to what was given. */
  function forget() {
    look.reset()
    bring.reset()
    setSkip(false)
  }

  return (
    <Sheet
      open
      onClose={onClose}
      title={said.import}
      description={said.lookText}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button
            look="primary"
            type="submit"
            form="bundle-import"
            disabled={isBad && !skipInvalid}
            busy={look.isPending || bring.isPending}
          >
            {records ? said.act : said.look}
          </Button>
        </>
      }
    >
      <form id="bundle-import" onSubmit={submit} className="grid gap-4">
        <Field label={said.file} error={sent && !file ? said.fileMissing : null}>
          {(control) => (
            <input
              {...control}
              type="file"
              accept=".bundle"
              onChange={({ target }) => {
                setFile(target.files?.[0] ?? null)
                forget()
              }}
              className="w-full min-w-0 file:mr-3 file:h-8 file:touch:h-11 file:rounded file:border file:border-edge file:bg-card file:px-3"
            />
          )}
        </Field>
        <Field label={said.passphrase} error={refused && Problem.of(refused).message}>
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="off"
              value={passphrase}
              onChange={({ target }) => {
                setPassphrase(target.value)
                forget()
              }}
            />
          )}
        </Field>
        {records && <Preview records={records} />}
        {isBad && (
          <div className="rounded border border-failed p-3">
            <p className="mb-1">{said.invalid}</p>
            <Checkbox label={said.skip} checked={skipInvalid} onChange={setSkip} />
          </div>
        )}
      </form>
    </Sheet>
  )
}

type Record = Schema['BundleImportResponse']['records'][number]

const IN_FORCE: readonly Record['status'][] = ['new', 'replaces']

function Preview({ records }: { records: readonly Record[] }) {
  return (
    <section aria-label={said.preview}>
      <h3 className="mb-1 font-medium">{said.preview}</h3>
      <ul className="rounded border border-line">
        {records.map(({ kind, name, status, detail }) => (
          <li
            key={`${kind} ${name}`}
            className="flex flex-wrap justify-between gap-x-4 border-b border-line px-3 py-1.5 text-sm last:border-b-0"
          >
            <span className="min-w-0 break-words">
              <span className="text-muted">{said.kinds[kind]}</span>{' '}
              {kind === 'account' ? <Private>{name}</Private> : name}
            </span>
            <span className={status === 'invalid' ? 'text-failed' : 'text-muted'}>
              {said.fates[status]}
            </span>
            {detail && <span className="basis-full text-muted">{detail}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}
