import { entries } from '../lib/entries'
import {
  clock,
  privacy,
  setClock,
  setPrivacy,
  setShortcuts,
  setTheme,
  shortcuts,
  theme,
} from '../lib/preferences'
import type { Store } from '../lib/store'
import { useStore } from '../lib/useStore'
import { Card } from '../ui/Card'
import { Field } from '../ui/Field'
import { Select } from '../ui/Select'
import { Switch } from '../ui/Switch'
import { Row, SIDE_BY_SIDE, SWITCH_AT_END } from './Row'
import { texts } from './texts'

/** What this browser keeps for its user. */
export function General() {
  return (
    <Card title={texts.cards.browser}>
      <p className="mb-4 text-sm text-muted">{texts.browserOnly}</p>
      <Choice
        id="theme"
        label={texts.theme}
        kept={theme}
        options={entries(texts.themes)}
        onChange={setTheme}
      />
      <Choice
        id="clock"
        label={texts.clock}
        kept={clock}
        options={entries(texts.clocks)}
        onChange={setClock}
      />
      <Row id="privacy">
        <Switch
          label={texts.privacy}
          hint={texts.privacyHint}
          checked={useStore(privacy)}
          onChange={setPrivacy}
          className={SWITCH_AT_END}
        />
      </Row>
      <Row id="shortcuts">
        <Switch
          label={texts.shortcuts}
          hint={texts.shortcutsHint}
          checked={useStore(shortcuts)}
          onChange={setShortcuts}
          className={SWITCH_AT_END}
        />
      </Row>
    </Card>
  )
}

type Props<T extends string> = {
  id: string
  label: string
  kept: Store<T>
  options: readonly (readonly [T, string])[]
  onChange: (value: T) => void
}

function Choice<T extends string>({ id, label, kept, options, onChange }: Props<T>) {
  const value = useStore(kept)
  return (
    <Row id={id}>
      <Field label={label} className={SIDE_BY_SIDE}>
        {(control) => <Select {...control} value={value} options={options} onChange={onChange} />}
      </Field>
    </Row>
  )
}
