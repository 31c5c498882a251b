import { Input } from '../ui/Input'
import { Select } from '../ui/Select'
import { between, firstDay, type Stretch, today } from './stretch'
import { texts } from './texts'

const LENGTHS = [7, 28, 90]
const OTHER = 'other'

type Props = { stretch: Stretch; onChange: (next: Stretch) => void }

/** The last days, or any. */
export function Days({ stretch, onChange }: Props) {
  const { days, until } = stretch
  const lengths = [...new Set([...LENGTHS, ...(until ? [] : [days])])].sort((a, b) => a - b)
  const now = today(Date.now())

  function set(one: string, other: string) {
    const next = between(one, other)
    if (next) onChange(next)
  }

  return (
    <>
      <Select
        aria-label={texts.days}
        value={until ? OTHER : String(days)}
        options={[
          ...lengths.map((one) => [String(one), texts.lastDays(one)] as const),
          [OTHER, texts.otherDays] as const,
        ]}
        onChange={(next) =>
          onChange(next === OTHER ? { days, until: now } : { days: Number(next), until: '' })
        }
      />
      {until && (
        <span className="flex items-center gap-2">
          <Input
            type="date"
            aria-label={texts.from}
            value={firstDay(stretch)}
            max={now}
            onChange={({ target }) => set(target.value, until)}
          />
          <span aria-hidden="true">–</span>
          <Input
            type="date"
            aria-label={texts.to}
            value={until}
            max={now}
            onChange={({ target }) => set(firstDay(stretch), target.value)}
          />
        </span>
      )}
    </>
  )
}
