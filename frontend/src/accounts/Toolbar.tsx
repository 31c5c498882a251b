import { X } from 'lucide-react'

import { entries } from '../lib/entries'
import { Button } from '../ui/Button'
import { IconButton } from '../ui/IconButton'
import { Input } from '../ui/Input'
import { Menu } from '../ui/Menu'
import { Select } from '../ui/Select'
import type { Actions } from './changes'
import { type Account, canPause, canProbe, canResume } from './state'
import { texts } from './texts'
import { GROUPS, type View } from './view'

// What acts on a selection takes the filters' place, so that the table stays where it is.
const BAR = 'mb-3 flex min-h-8 flex-wrap items-center gap-2'

type FilterProps = { view: View; shown: string; onChange: (changes: Partial<View>) => void }

export function Filters({ view, shown, onChange }: FilterProps) {
  return (
    <search className={BAR}>
      <Input
        type="search"
        aria-label={texts.filter}
        placeholder={texts.filter}
        data-shortcut="/"
        className="max-w-72 max-md:max-w-none"
        value={view.q}
        onChange={({ target }) => onChange({ q: target.value })}
      />
      <Select
        aria-label={texts.state}
        className="max-md:flex-1"
        value={view.state}
        options={[['all', texts.allStates] as const, ...entries(texts.states)]}
        onChange={(state) => onChange({ state })}
      />
      <Select
        aria-label={texts.group}
        className="max-md:flex-1"
        value={view.group}
        options={GROUPS.map((one) => [one, texts.groups[one]] as const)}
        onChange={(group) => onChange({ group })}
      />
      <p role="status" className="text-sm text-muted tabular md:ml-auto">
        {shown}
      </p>
    </search>
  )
}

type BulkProps = {
  chosen: readonly Account[]
  shown: number
  actions: Actions
  onAll: () => void
  onClear: () => void
}

export function Bulk({ chosen, shown, actions, onAll, onClear }: BulkProps) {
  return (
    <div role="toolbar" aria-label={texts.selected(chosen.length)} className={BAR}>
      <IconButton icon={X} label={texts.unselect} onClick={onClear} />
      <p role="status" className="mr-2 font-medium tabular">
        {texts.selected(chosen.length)}
      </p>
      <Button disabled={!chosen.some(canPause)} onClick={() => void actions.pause(chosen)}>
        {texts.pause}
      </Button>
      <Button disabled={!chosen.some(canResume)} onClick={() => void actions.resume(chosen)}>
        {texts.resume}
      </Button>
      <Button disabled={!chosen.some(canProbe)} onClick={() => void actions.probe(chosen)}>
        {texts.probe}
      </Button>
      <Menu
        label={texts.usePolicy}
        trigger={<Button>{texts.usePolicy}</Button>}
        items={entries(texts.policies).map(([policy, { how }]) => ({
          label: texts.prefer(how),
          onSelect: () => void actions.prefer(chosen, policy),
        }))}
      />
      {chosen.length < shown && (
        <Button look="quiet" className="ml-auto" onClick={onAll}>
          {texts.selectAll(shown)}
        </Button>
      )}
    </div>
  )
}
