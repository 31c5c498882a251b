import { GROUPS, type Group, type Schema } from '../api/queries'
import { number, shortDate, time, when } from '../lib/format'
import { common } from '../lib/texts'
import { Bars } from '../ui/Bars'
import { Card } from '../ui/Card'
import { colours, REST } from '../ui/colours'
import { Select } from '../ui/Select'
import { texts } from './texts'

const said = texts.traffic
const OTHER = 'other'
const outcomes: Record<string, string> = common.outcomes

const OUTCOMES: Record<string, string> = {
  served: 'var(--serving)',
  recovered: 'var(--category-3)',
  client_error: 'var(--edge)',
  upstream_error: 'var(--failed)',
  refused: 'var(--low)',
  cancelled: 'var(--cooling)',
}

type Props = { document: Schema['OverviewDocument']; by: Group; onBy: (by: Group) => void }

export function Traffic({ document, by, onBy }: Props) {
  const { keys, values, startsAt, stepSeconds } = document.traffic
  const count = values[0]?.length ?? 0
  const own = colours(keys.filter((key) => key !== OTHER))
  const series = keys.map((key, at) => ({
    key,
    label: outcomes[key] ?? name(key, document.names),
    colour: OUTCOMES[key] ?? own.get(key) ?? REST,
    values: values[at] ?? [],
  }))
  const begin = (piece: number) => Date.parse(startsAt) + piece * stepSeconds * 1000
  const last = begin(count - 1)
  const names = Array.from({ length: count }, (_, piece) => {
    if (stepSeconds >= 86_400) return shortDate(begin(piece))
    return stepSeconds < 3_600 ? time(begin(piece)) : when(begin(piece), last)
  })
  const options = GROUPS.map((group) => [group, said.groups[group]] as const)
  return (
    <Card
      title={said.title}
      aside={
        // biome-ignore lint/a11y/noLabelWithoutControl: the control is within
        <label className="flex items-center gap-2 text-sm text-muted">
          {said.by}
          <Select value={by} options={options} onChange={onBy} />
        </label>
      }
    >
      {count === 0 ? (
        <p className="text-muted">{said.empty}</p>
      ) : (
        <div className={by === 'account' ? 'private' : undefined}>
          <Bars label={said.title} series={series} names={names} format={number} isOpen />
        </div>
      )}
    </Card>
  )
}

const name = (key: string, names: Record<string, string>) =>
  key === OTHER ? said.other : (names[key] ?? (key || said.none))
