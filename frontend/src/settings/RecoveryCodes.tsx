import { useState } from 'react'

import { say } from '../lib/messages'
import { Button } from '../ui/Button'
import { CopyButton } from '../ui/CopyButton'
import { Dialog } from '../ui/Dialog'
import { download } from './download'
import { texts } from './texts'

const said = texts.codes
const FILE = 'codex-lb-recovery-codes.txt'

/** Shown once, so a slip of the hand does not close it. */
export function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const [warned, setWarned] = useState(false)
  const all = codes.join('\n')
  function done() {
    onClose()
    say(said.isOn)
  }
  return (
    <Dialog
      open
      onClose={() => (warned ? done() : setWarned(true))}
      title={said.kept}
      description={said.keptText}
      footer={
        <>
          <Button onClick={() => download(FILE, `${all}\n`)}>{said.download}</Button>
          <Button look="primary" onClick={done}>
            {said.done}
          </Button>
        </>
      }
    >
      <div className="flex items-start gap-2 rounded border border-edge bg-soft py-2 pr-1 pl-3">
        <ul aria-label={said.kept} className="grid grow grid-cols-2 gap-x-6 gap-y-1 font-mono">
          {codes.map((code) => (
            <li key={code} className="select-all">
              {code}
            </li>
          ))}
        </ul>
        <CopyButton text={all} label={said.copyAll} />
      </div>
      <p role="status" className="mt-3 text-failed">
        {warned && said.warned}
      </p>
    </Dialog>
  )
}
