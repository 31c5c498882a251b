import { Plus, X } from 'lucide-react'

import { entries } from '../lib/entries'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Field } from '../ui/Field'
import { IconButton } from '../ui/IconButton'
import { Input } from '../ui/Input'
import { Select } from '../ui/Select'
import type { RuleDraft } from './draft'
import { texts } from './texts'

const { sheet } = texts
const { kinds, windows } = common.limits
const KINDS = entries(kinds)
const WINDOWS = entries(windows)
const FRESH: RuleDraft = { kind: 'total_tokens', window: 'daily', most: '', model: '' }

type Props = {
  rules: readonly RuleDraft[]
  bad: number | undefined
  models: readonly string[]
  onChange: (rules: RuleDraft[]) => void
}

/** Budgets beside the first: in tokens, for one model, per another window. */
export function RuleRows({ rules, bad, models, onChange }: Props) {
  const modelOptions = [['', texts.allModels] as const, ...models.map((id) => [id, id] as const)]
  return (
    <fieldset className="grid justify-items-start gap-3">
      <legend className="mb-1 font-medium">{sheet.rules}</legend>
      {rules.map((rule, place) => {
        const change = (changes: Partial<RuleDraft>) =>
          onChange(rules.map((one, at) => (at === place ? { ...one, ...changes } : one)))
        const called = common.limits.rule(kinds[rule.kind], windows[rule.window], rule.model)
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is its place in the list
          <div key={place} className="grid w-full grid-cols-[1fr_1fr_auto] items-start gap-2">
            <Field label={sheet.ruleKind}>
              {(control) => (
                <Select
                  {...control}
                  value={rule.kind}
                  options={KINDS}
                  onChange={(kind) => change({ kind })}
                />
              )}
            </Field>
            <Field label={sheet.ruleMax} error={bad === place ? sheet.amountWrong : null}>
              {(control) => (
                <Input
                  {...control}
                  value={rule.most}
                  autoComplete="off"
                  onChange={({ target }) => change({ most: target.value })}
                />
              )}
            </Field>
            <IconButton
              icon={X}
              label={sheet.removeRule(called)}
              className="mt-6"
              onClick={() => onChange(rules.filter((_, at) => at !== place))}
            />
            <Field label={sheet.ruleWindow}>
              {(control) => (
                <Select
                  {...control}
                  value={rule.window}
                  options={WINDOWS}
                  onChange={(window) => change({ window })}
                />
              )}
            </Field>
            <Field label={sheet.ruleModel}>
              {(control) => (
                <Select
                  {...control}
                  value={rule.model}
                  options={modelOptions}
                  onChange={(model) => change({ model })}
                />
              )}
            </Field>
          </div>
        )
      })}
      <Button onClick={() => onChange([...rules, FRESH])}>
        <Plus aria-hidden="true" className="size-4" />
        {sheet.addRule}
      </Button>
    </fieldset>
  )
}
