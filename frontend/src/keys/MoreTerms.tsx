import { useQuery } from '@tanstack/react-query'
import { ChevronRight } from 'lucide-react'

import { keys } from '../api/queries'
import { Checkbox } from '../ui/Checkbox'
import { Field } from '../ui/Field'
import { Private } from '../ui/Private'
import { Select } from '../ui/Select'
import { Choices } from './Choices'
import type { Draft } from './draft'
import { RuleRows } from './RuleRows'
import { texts } from './texts'

const { sheet } = texts

// As core/keys.py has them.
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra']
const TIERS = ['auto', 'default', 'priority', 'flex', 'fast', 'ultrafast']

type Props = {
  draft: Draft
  badRule: number | undefined
  onChange: (changes: Partial<Draft>) => void
}

/** What few keys need; open if this one has any of it. */
export function MoreTerms({ draft, badRule, onChange }: Props) {
  const { data } = useQuery(keys)
  const known = data?.models ?? []
  const pool = data?.accounts ?? []
  const names = withOwn(
    known.map(({ id }) => id),
    [...draft.models, draft.enforcedModel],
  )
  const rare = [draft.models, draft.efforts, draft.accounts, draft.rules]
  const isUsed = rare.some(({ length }) => length > 0) || draft.enforcedModel !== ''

  return (
    <details open={isUsed || undefined} className="group rounded border border-line">
      <summary className="flex min-h-9 touch:min-h-11 cursor-pointer list-none items-center gap-2 px-3 font-medium">
        <ChevronRight aria-hidden="true" className="size-4 group-open:rotate-90" />
        {sheet.more}
      </summary>
      <div className="grid gap-5 px-3 pt-1 pb-4">
        <RuleRows
          rules={draft.rules}
          bad={badRule}
          models={names}
          onChange={(rules) => onChange({ rules })}
        />
        <Choices
          label={sheet.models}
          hint={sheet.modelsHint}
          options={names.map((name) => [name, name] as const)}
          chosen={draft.models}
          onChange={(chosen) => onChange({ models: chosen })}
        />
        <Checkbox
          label={sheet.hidden}
          checked={draft.showsHidden}
          onChange={(showsHidden) => onChange({ showsHidden })}
        />
        <Imposed
          label={sheet.enforcedModel}
          words={names}
          value={draft.enforcedModel}
          onChange={(enforcedModel) => onChange({ enforcedModel })}
        />
        <Choices
          label={sheet.efforts}
          hint={sheet.modelsHint}
          options={EFFORTS.map((word) => [word, word] as const)}
          chosen={draft.efforts}
          onChange={(efforts) => onChange({ efforts })}
        />
        <div className="grid grid-cols-2 gap-3">
          <Imposed
            label={sheet.enforcedEffort}
            words={EFFORTS}
            value={draft.enforcedEffort}
            onChange={(enforcedEffort) => onChange({ enforcedEffort })}
          />
          <Imposed
            label={sheet.tier}
            words={TIERS}
            value={draft.enforcedTier}
            onChange={(enforcedTier) => onChange({ enforcedTier })}
          />
        </div>
        <Choices
          label={sheet.accounts}
          hint={sheet.accountsHint}
          options={withOwn(
            pool.map((account) => account.id),
            draft.accounts,
          ).map((id) => {
            const account = pool.find((one) => one.id === id)
            return [id, <Private key={id}>{account?.label ?? id}</Private>] as const
          })}
          chosen={draft.accounts}
          onChange={(chosen) => onChange({ accounts: chosen })}
        />
      </div>
    </details>
  )
}

type ImposedProps = {
  label: string
  words: readonly string[]
  value: string
  onChange: (value: string) => void
}

function Imposed({ label, words, value, onChange }: ImposedProps) {
  const options = [['', sheet.asAsked] as const, ...words.map((word) => [word, word] as const)]
  return (
    <Field label={label}>
      {(control) => <Select {...control} value={value} options={options} onChange={onChange} />}
    </Field>
  )
}

/** What a key has already stands in its list even if the pool no longer has it. */
function withOwn(known: readonly string[], own: readonly string[]): string[] {
  return [...new Set([...known, ...own.filter(Boolean)])]
}
