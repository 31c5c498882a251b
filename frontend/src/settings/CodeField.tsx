import { Field } from '../ui/Field'
import { Input } from '../ui/Input'

type Props = {
  label: string
  value: string
  error: string | null
  onChange: (value: string) => void
}

export function CodeField({ label, value, error, onChange }: Props) {
  return (
    <Field label={label} error={error}>
      {(control) => (
        <Input
          {...control}
          autoComplete="one-time-code"
          autoCapitalize="off"
          spellCheck={false}
          value={value}
          onChange={({ target }) => onChange(target.value)}
          className="font-mono"
        />
      )}
    </Field>
  )
}
