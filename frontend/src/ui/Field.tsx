import { type ReactNode, useId } from 'react'

import { classes } from '../lib/classes'

/** What a control needs to belong to its label; spread it over the control. */
export type ControlProps = {
  id: string
  'aria-describedby'?: string
  'aria-invalid'?: true
}

type Props = {
  label: string
  hint?: ReactNode
  error?: string | null | undefined
  className?: string
  children: (control: ControlProps) => ReactNode
}

export function Field({ label, hint, error, className, children }: Props) {
  const id = useId()
  const control: ControlProps = {
    id,
    ...(hint || error ? { 'aria-describedby': `${id}-note` } : {}),
    ...(error ? { 'aria-invalid': true as const } : {}),
  }
  return (
    <div className={classes('grid content-start gap-1', className)}>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children(control)}
      {(hint || error) && (
        <p id={`${id}-note`} className={classes('text-sm', error ? 'text-failed' : 'text-muted')}>
          {error ?? hint}
        </p>
      )}
    </div>
  )
}
