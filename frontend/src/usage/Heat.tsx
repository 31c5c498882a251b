import { number } from '../lib/format'
import { language } from '../lib/texts'
import { Card } from '../ui/Card'
import { texts } from './texts'

const MONDAY = Date.UTC(2024, 0, 1)
const weekday = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' })
const DAYS = [0, 1, 2, 3, 4, 5, 6].map((day) => weekday.format(MONDAY + day * 86_400_000))
const hour = (at: number) => `${String(at).padStart(2, '0')}:00`

/** Requests by weekday and hour of this browser's clock: the darker, the more. */
export function Heat({ heat }: { heat: readonly (readonly number[])[] }) {
  const most = Math.max(1, ...heat.flat())
  return (
    <Card title={texts.heat}>
      <table className="w-full table-fixed border-separate border-spacing-px text-xs">
        <thead>
          <tr>
            <td className="w-9" />
            {Array.from({ length: 24 }, (_, at) => (
              <th key={hour(at)} scope="col" className="text-left font-normal text-muted">
                <span className={at % 6 === 0 ? 'whitespace-nowrap' : 'sr-only'}>{at}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {DAYS.map((day, row) => (
            <tr key={day}>
              <th scope="row" className="text-left font-normal text-muted">
                {day}
              </th>
              {(heat[row] ?? []).map((count, at) => (
                <td
                  key={hour(at)}
                  title={texts.cell(day, hour(at), count)}
                  className="relative h-5 overflow-hidden rounded bg-soft p-0"
                >
                  <span
                    aria-hidden="true"
                    className="absolute inset-0 bg-serving forced-color-adjust-none"
                    style={{ opacity: count / most }}
                  />
                  <span className="sr-only">{number(count)}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-2 flex items-center justify-end gap-1 text-xs text-muted tabular">
        {texts.fewest}
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <span
            key={share}
            aria-hidden="true"
            className="relative h-3 w-5 overflow-hidden rounded bg-soft"
          >
            <span
              className="absolute inset-0 bg-serving forced-color-adjust-none"
              style={{ opacity: share }}
            />
          </span>
        ))}
        {texts.most(most)}
      </p>
    </Card>
  )
}
