import { Button } from '../ui/Button'
import { type Document, FIELDS, type Name, stateOf, usualShown, type Value } from './fields'
import { texts } from './texts'

const CONTROL = '[role=switch], select, input:checked, input:not([type=radio])'

type Props = { document: Document; name: Name; onReset: (usual: Value) => void }

/** Says that something is not as it comes, and takes it back. The button goes; the focus stays. */
export function Usual({ document, name, onReset }: Props) {
  const state = stateOf(document, name)
  const { follows } = FIELDS[name]
  const variable = document.environment.find((one) => one.name === follows)
  if (!state) return null
  if (state.value === state.usual) {
    return variable?.source === 'environment' ? (
      <p className="mt-1 text-sm break-words text-muted">{texts.follows(variable.name)}</p>
    ) : null
  }
  return (
    <p className="mt-2 flex flex-wrap items-center gap-x-2 text-sm">
      <span aria-hidden="true" className="size-1.5 rounded-full bg-accent" />
      {texts.changed(usualShown(document, name))}
      <Button
        look="quiet"
        aria-label={texts.toDefaultOf(texts.fields[name].label)}
        onClick={({ currentTarget }) => {
          currentTarget.closest('div[id]')?.querySelector<HTMLElement>(CONTROL)?.focus()
          onReset(state.usual)
        }}
        className="-my-1 text-accent"
      >
        {texts.toDefault}
      </Button>
    </p>
  )
}
