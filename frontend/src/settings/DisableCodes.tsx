import { useState } from 'react'

import { Problem } from '../api/problem'
import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { CodeField } from './CodeField'
import { useDisable } from './signing'
import { texts } from './texts'

const said = texts.codes

export function DisableCodes({ onClose }: { onClose: () => void }) {
  const [code, setCode] = useState('')
  const disable = useDisable()
  return (
    <Dialog
      open
      onClose={onClose}
      title={said.disable}
      description={said.disableText}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="danger" type="submit" form="disable-codes" busy={disable.isPending}>
            {said.disable}
          </Button>
        </>
      }
    >
      <form
        id="disable-codes"
        onSubmit={(event) => {
          event.preventDefault()
          if (disable.isPending) return
          disable.mutate(code.trim(), {
            onSuccess() {
              onClose()
              say(said.isOff)
            },
          })
        }}
      >
        <CodeField
          label={said.anyCode}
          value={code}
          error={disable.error && Problem.of(disable.error).message}
          onChange={setCode}
        />
      </form>
    </Dialog>
  )
}
