import type { ComponentProps, ReactNode } from 'react'

type Props = Omit<ComponentProps<'input'>, 'type' | 'onChange'> & {
  label: ReactNode
  hideLabel?: boolean
  onChange: (checked: boolean) => void
}

export function Checkbox({ label, hideLabel = false, onChange, ...rest }: Props) {
  return (
    <label className="inline-flex min-h-6 touch:min-h-11 items-center gap-2">
      <input
        {...rest}
        type="checkbox"
        onChange={({ target }) => onChange(target.checked)}
        className="size-4 accent-accent"
      />
      <span className={hideLabel ? 'sr-only' : undefined}>{label}</span>
    </label>
  )
}
