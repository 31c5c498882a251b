import { useId } from 'react'

import { classes } from '../lib/classes'

type Props = {
  label: string
  hint?: string
  checked: boolean
  disabled?: boolean
  className?: string
  onChange: (checked: boolean) => void
}

/** Acts at once. What acts only when a form is sent is a `Checkbox`. */
export function Switch({ label, hint, checked, disabled, className, onChange }: Props) {
  const id = useId()
  return (
    <span className={classes('inline-flex items-start gap-2', className)}>
      <button
        id={id}
        type="button"
        role="switch"
        aria-checked={checked}
        aria-labelledby={`${id}-label`}
        aria-describedby={hint && `${id}-hint`}
        disabled={disabled}
        onClick={() => onChange(!checked)}
        className={classes(
          'relative mt-px h-5 w-9 shrink-0 rounded-full border before:absolute before:-inset-2 before:content-[""]',
          checked ? 'border-accent bg-accent' : 'border-edge bg-soft',
        )}
      >
        <span
          aria-hidden="true"
          className={classes(
            'absolute top-0.5 left-0.5 size-3.5 rounded-full transition-transform',
            checked ? 'translate-x-4 bg-on-accent' : 'bg-edge',
          )}
        />
      </button>
      <span>
        <label id={`${id}-label`} htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint && (
          <span id={`${id}-hint`} className="block text-sm text-muted">
            {hint}
          </span>
        )}
      </span>
    </span>
  )
}
