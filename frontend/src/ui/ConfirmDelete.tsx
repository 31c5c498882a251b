import { type ReactNode, useState } from 'react'

import { common } from '../lib/texts'
import { Button } from './Button'
import { Dialog } from './Dialog'
import { Field } from './Field'
import { Input } from './Input'

type Props = {
  title: string
  name: string // to be typed
  effects: ReactNode // what goes, and what stays
  busy: boolean
  error?: string | null | undefined
  children?: ReactNode // what else is asked
  onConfirm: () => void
  onClose: () => void
}

/** What cannot be undone asks for the name. */
export function ConfirmDelete(props: Props) {
  const { title, name, effects, busy, error, children, onConfirm, onClose } = props
  const [typed, setTyped] = useState('')
  const fits = typed.trim() === name.trim()
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description={effects}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="danger" type="submit" form="confirm" busy={busy} disabled={!fits}>
            {common.delete}
          </Button>
        </>
      }
    >
      <form
        id="confirm"
        onSubmit={(event) => {
          event.preventDefault()
          if (fits && !busy) onConfirm()
        }}
      >
        <Field label={common.typeToConfirm(name)} error={error}>
          {(control) => (
            <Input
              {...control}
              value={typed}
              autoComplete="off"
              onChange={({ target }) => setTyped(target.value)}
            />
          )}
        </Field>
        {children && <div className="mt-3">{children}</div>}
      </form>
    </Dialog>
  )
}
