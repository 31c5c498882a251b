import { type KeyboardEvent, type PointerEvent, useState } from 'react'

import type { Schema } from '../api/queries'
import { dayTime, percent } from '../lib/format'
import { AsTable, step } from '../ui/Bars'
import {
  across,
  type History,
  historyOf,
  type LineKey,
  leftNow,
  nearest,
  paceNow,
  path,
} from './history'
import { texts } from './texts'

const said = texts.history
const HEIGHT = 160

// Told apart by more than their colours.
const LOOKS: Record<LineKey, { stroke: string; strokeWidth: number; strokeDasharray?: string }> = {
  short: { stroke: 'var(--category-2)', strokeWidth: 1.5 },
  weekly: { stroke: 'var(--category-1)', strokeWidth: 2.5 },
  monthly: { stroke: 'var(--category-1)', strokeWidth: 2.5 },
  pace: { stroke: 'var(--muted)', strokeWidth: 1.5, strokeDasharray: '4 4' },
}

const share = (value: number | null | undefined) =>
  typeof value === 'number' && !Number.isNaN(value) ? percent(value) : '–'

/** What was left hour by hour over a week: one stop of the Tab key, arrows go from hour to hour. */
export function QuotaHistory({ document }: { document: Schema['AccountDocument'] }) {
  const [at, setAt] = useState<number | null>(null)
  const history = historyOf(document)
  const { times, lines, resets } = history
  const last = times.length - 1
  if (last < 1) return <p className="text-sm text-muted">{said.none}</p>

  const place = Math.min(at ?? last, last)
  const name = (one: number) => (one === last ? said.now : dayTime(times[one] ?? 0))
  const told = lines.map(({ key, values }) => said.at(said.lines[key], share(values[place])))

  function onKeyDown(event: KeyboardEvent) {
    const next = step(event.key, place, last)
    if (next === undefined) return
    event.preventDefault()
    setAt(next)
  }

  function onPointerMove({ currentTarget, clientX }: PointerEvent) {
    const { left, width } = currentTarget.getBoundingClientRect()
    setAt(nearest((clientX - left) / width, times))
  }

  return (
    <div className="grid min-w-0 gap-3">
      <p className="flex justify-between gap-3 text-sm text-muted tabular">
        <span>{said.pace(share(leftNow(history)), paceNow(history))}</span>
        <span className="shrink-0">{name(place)}</span>
      </p>
      <div className="grid grid-cols-[2.5rem_1fr] gap-x-2 gap-y-1 text-xs text-muted tabular">
        <div aria-hidden="true" className="-my-2 flex flex-col justify-between text-right">
          {[1, 0.5, 0].map((line) => (
            <span key={line}>{percent(line)}</span>
          ))}
        </div>
        <div
          role="slider"
          tabIndex={0}
          aria-label={said.title}
          aria-valuemin={0}
          aria-valuemax={last}
          aria-valuenow={place}
          aria-valuetext={`${name(place)}: ${told.join(', ')}`}
          aria-orientation="horizontal"
          onKeyDown={onKeyDown}
          onPointerMove={onPointerMove}
          onPointerLeave={() => setAt(null)}
          onBlur={() => setAt(null)}
          className="rounded"
        >
          <Lines history={history} at={at} />
        </div>
        <div className="col-start-2 flex justify-between">
          {[0, Math.floor(last / 2), last].map((one) => (
            <span key={one}>{name(one)}</span>
          ))}
        </div>
      </div>
      <div className="flex flex-wrap gap-x-4 gap-y-1 text-sm">
        {lines.map(({ key, values }) => (
          <span key={key} className="inline-flex items-center gap-1.5">
            <Sample {...LOOKS[key]} />
            {said.lines[key]}
            <span className="text-muted tabular">{share(values[place])}</span>
          </span>
        ))}
        {resets.length > 0 && (
          <span className="inline-flex items-center gap-1.5">
            <Sample stroke="var(--edge)" strokeWidth={1} strokeDasharray="1 3" />
            {said.reset(resets.map((one) => name(one)).join(', '))}
          </span>
        )}
      </div>
      <AsTable
        label={said.title}
        series={lines.map(({ key, values }) => ({
          key,
          label: said.lines[key],
          colour: LOOKS[key].stroke,
          values: values.map((value) => value ?? Number.NaN),
        }))}
        names={times.map((_, one) => name(one))}
        format={share}
      />
    </div>
  )
}

function Lines({ history, at }: { history: History; at: number | null }) {
  const { times, lines, resets } = history
  const upright = (place: number) => {
    const x = across(place, times)
    return { x1: x, x2: x, y1: 0, y2: 100, vectorEffect: 'non-scaling-stroke' }
  }
  return (
    <svg
      viewBox="0 0 100 100"
      preserveAspectRatio="none"
      width="100%"
      height={HEIGHT}
      aria-hidden="true"
      className="block overflow-visible fill-none forced-color-adjust-none"
    >
      {[0, 50, 100].map((y) => (
        <path key={y} d={`M0 ${y}H100`} stroke="var(--line)" vectorEffect="non-scaling-stroke" />
      ))}
      {resets.map((place) => (
        <line key={place} {...upright(place)} stroke="var(--edge)" strokeDasharray="1 3" />
      ))}
      {lines.map((line) => (
        <path
          key={line.key}
          d={path(line, times)}
          vectorEffect="non-scaling-stroke"
          strokeLinejoin="round"
          {...LOOKS[line.key]}
        />
      ))}
      {at !== null && <line {...upright(at)} stroke="var(--text)" />}
    </svg>
  )
}

function Sample(look: (typeof LOOKS)[LineKey]) {
  return (
    <svg width="16" height="8" aria-hidden="true" className="shrink-0 forced-color-adjust-none">
      <path d="M0 4H16" {...look} />
    </svg>
  )
}
