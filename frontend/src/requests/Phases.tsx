import { duration } from '../lib/format'
import { Swatch } from '../ui/Bars'
import { Part } from './Part'
import { type Phase, phases } from './phases'
import type { Row } from './tail'
import { texts } from './texts'

const said = texts.detail

const COLOURS: Record<Phase['kind'], string> = {
  queue: 'var(--category-2)',
  first: 'var(--category-1)',
  stream: 'var(--category-3)',
}

/** A bar of the phases; the list below says the same in figures. */
export function Phases({ row }: { row: Row }) {
  const found = phases(row)
  if (found.length === 0) return null
  const name = ({ kind }: Phase) =>
    kind === 'first' && row.latencyFirstTokenMs === null ? said.noFirst : said.phases[kind]
  return (
    <Part title={said.times}>
      <div
        aria-hidden="true"
        className="mb-2 flex h-3 gap-px overflow-hidden rounded forced-color-adjust-none"
      >
        {found.map((phase) => (
          <span
            key={phase.kind}
            style={{ flexGrow: phase.ms, background: COLOURS[phase.kind] }}
            className="min-w-0.5"
          />
        ))}
      </div>
      <dl className="flex flex-wrap gap-x-5 gap-y-1">
        {found.map((phase) => (
          <div key={phase.kind} className="flex items-center gap-1.5">
            <dt className="flex items-center gap-1.5 text-sm text-muted">
              <Swatch colour={COLOURS[phase.kind]} />
              {name(phase)}
            </dt>
            <dd className="text-sm tabular">{duration(phase.ms)}</dd>
          </div>
        ))}
      </dl>
    </Part>
  )
}
