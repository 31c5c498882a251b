import { useState } from 'react'

import { Problem } from '../api/problem'
import type { Schema } from '../api/queries'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { CopyButton } from '../ui/CopyButton'
import { Dialog } from '../ui/Dialog'
import { CodeField } from './CodeField'
import { RecoveryCodes } from './RecoveryCodes'
import { useEnrol } from './signing'
import { texts } from './texts'

const said = texts.codes

type Props = { offered: Schema['TotpSetupStartResponse']; onClose: () => void }

/** The secret, one code as a proof that the app has it, and then the recovery codes. */
export function EnrolCodes({ offered, onClose }: Props) {
  const [code, setCode] = useState('')
  const enrol = useEnrol()
  if (enrol.data) return <RecoveryCodes codes={enrol.data} onClose={onClose} />

  return (
    <Dialog
      open
      onClose={onClose}
      title={said.setUp}
      description={said.scan}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" type="submit" form="enrol-codes" busy={enrol.isPending}>
            {said.confirm}
          </Button>
        </>
      }
    >
      <form
        id="enrol-codes"
        onSubmit={(event) => {
          event.preventDefault()
          if (!enrol.isPending) enrol.mutate({ secret: offered.secret, code: code.trim() })
        }}
        className="grid gap-4"
      >
        <img
          src={offered.qrSvgDataUri}
          alt={said.qr}
          className="size-48 justify-self-center rounded"
        />
        <div className="flex items-center gap-2 rounded border border-edge bg-soft py-1 pr-1 pl-3">
          <output
            aria-label={said.secret}
            className="min-w-0 grow font-mono text-sm break-all select-all"
          >
            {offered.secret}
          </output>
          <CopyButton text={offered.secret} label={said.copySecret} />
        </div>
        <CodeField
          label={said.code}
          value={code}
          error={enrol.error && Problem.of(enrol.error).message}
          onChange={setCode}
        />
      </form>
    </Dialog>
  )
}
