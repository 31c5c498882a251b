import { type KeyboardEvent, type PointerEvent, useId, useState } from 'react'

import { classes } from '../lib/classes'
import { catalogue } from '../lib/texts'

export type BarSeries = { key: string; label: string; colour: string; values: readonly number[] }

type Props = {
  label: string
  series: readonly BarSeries[] // the lowest first
  names: readonly string[] // of the pieces, as 'Thu 14:00'
  format: (value: number) => string
  isOpen?: boolean // the last piece is not over yet
  height?: number // pixels
  onSpan?: (first: number, last: number) => void // pieces pressed, drawn over, or chosen by keys
}

const texts = catalogue({
  en: {
    all: 'In all',
    asTable: 'View as table',
    tableOf: (label: string) => `${label}, as a table`,
    piece: 'Time',
    open: 'so far',
    span: 'Enter chooses this time; the arrows with Shift choose more.',
    hint: (name: string, total: string, parts: string) => `${name}: ${total}. ${parts}`,
  },
})

/** Stacked bars: one stop of the Tab key, arrows go from piece to piece; the legend has the figures. */
export function Bars(props: Props) {
  const { label, series, names, format, isOpen = false, height = 160, onSpan } = props
  const hatch = useId()
  const [at, setAt] = useState<number | null>(null)
  const [anchor, setAnchor] = useState<number | null>(null) // where a span begins
  const last = names.length - 1
  const totals = names.map((_, piece) => added(series.map(({ values }) => values[piece] ?? 0)))
  const top = ceiling(Math.max(...totals))
  const shown = (values: readonly number[]) =>
    format(at === null ? added(values) : (values[at] ?? 0))
  const name = (piece: number) =>
    isOpen && piece === last ? `${names[piece]}, ${texts.open}` : (names[piece] ?? '')

  const piece = at ?? last
  const [first, end] = [Math.min(anchor ?? piece, piece), Math.max(anchor ?? piece, piece)]

  function onKeyDown(event: KeyboardEvent) {
    const next = step(event.key, piece, last)
    if (event.key === 'Enter' && onSpan) choose()
    else if (next === undefined) return
    else {
      setAnchor(event.shiftKey && onSpan ? (anchor ?? piece) : null)
      setAt(next)
    }
    event.preventDefault()
  }

  function choose() {
    onSpan?.(first, end)
    leave()
  }

  function leave() {
    setAt(null)
    setAnchor(null)
  }

  function under({ currentTarget, clientX }: PointerEvent): number {
    const { left, width } = currentTarget.getBoundingClientRect()
    return Math.max(0, Math.min(last, Math.floor(((clientX - left) / width) * names.length)))
  }

  function onPointerDown(event: PointerEvent) {
    event.currentTarget.setPointerCapture(event.pointerId)
    setAnchor(under(event))
    setAt(under(event))
  }

  const parts = series.map(({ label: one, values }) => `${one} ${format(values[piece] ?? 0)}`)
  return (
    <div className="grid min-w-0 grid-cols-1 gap-2">
      <div className="flex justify-between gap-3 text-sm text-muted tabular">
        <span>
          {at === null ? texts.all : first < end ? `${name(first)} – ${name(end)}` : name(at)}
        </span>
        <span className="font-medium text-text">{shown(totals)}</span>
      </div>
      <div
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={piece}
        aria-valuetext={texts.hint(name(piece), format(totals[piece] ?? 0), parts.join(', '))}
        aria-orientation="horizontal"
        onKeyDown={onKeyDown}
        aria-description={onSpan && texts.span}
        onPointerMove={(event) => setAt(under(event))}
        onPointerDown={onSpan && onPointerDown}
        onPointerUp={anchor === null ? undefined : choose}
        onPointerCancel={leave}
        onPointerLeave={leave}
        onBlur={leave}
        className={classes('rounded', onSpan && 'cursor-crosshair touch-pan-y select-none')}
      >
        <span aria-hidden="true" className="block text-xs text-muted tabular">
          {format(top)}
        </span>
        <svg width="100%" height={height} aria-hidden="true" className="block">
          <defs>
            <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse">
              <path d="M0 6 6 0" style={{ stroke: 'var(--card)' }} strokeWidth="2" />
            </pattern>
          </defs>
          {[0, 0.5, 1].map((share) => (
            <line
              key={share}
              x1="0"
              x2="100%"
              y1={0.5 + share * (height - 1)}
              y2={0.5 + share * (height - 1)}
              style={{ stroke: 'var(--line)' }}
            />
          ))}
          {names.map((one, piece) => (
            <Bar
              // biome-ignore lint/suspicious/noArrayIndexKey: a piece is its place
              key={`${piece} ${one}`}
              series={series}
              piece={piece}
              count={names.length}
              top={top}
              hatch={isOpen && piece === last ? `url(#${hatch})` : null}
              height={height}
              isFaint={at !== null && (piece < first || piece > end)}
            />
          ))}
        </svg>
      </div>
      <div className="flex justify-between text-xs text-muted tabular">
        {[0, Math.floor(last / 2), last].map((piece) => (
          <span key={piece}>{names[piece]}</span>
        ))}
      </div>
      <div className="flex flex-wrap items-center justify-between gap-x-4">
        <ul className="flex min-w-0 flex-wrap gap-x-4 gap-y-1 text-sm">
          {series.map((one) => (
            <li key={one.key} className="inline-flex max-w-full min-w-0 items-center gap-1.5">
              <Swatch colour={one.colour} />
              <span className="min-w-0 break-words">{one.label}</span>
              <span className="text-muted tabular">{shown(one.values)}</span>
            </li>
          ))}
        </ul>
        <AsTable label={label} series={series} names={names} format={format} />
      </div>
    </div>
  )
}

export function Swatch({ colour }: { colour: string }) {
  return (
    <span
      aria-hidden="true"
      className="size-2.5 shrink-0 rounded-full forced-color-adjust-none"
      style={{ background: colour }}
    />
  )
}

type BarProps = {
  series: readonly BarSeries[]
  piece: number
  count: number
  top: number
  hatch: string | null
  height: number
  isFaint: boolean
}

function Bar({ series, piece, count, top, hatch, height: most, isFaint }: BarProps) {
  const x = `${((piece + 0.1) / count) * 100}%`
  const width = `${80 / count}%`
  const tall = (value: number) => (value / top) * most
  let below = 0
  const parts = series.map(({ key, colour, values }) => {
    const height = tall(values[piece] ?? 0)
    below += height
    return height > 0 && { key, colour, y: most - below, height }
  })
  return (
    <g className="forced-color-adjust-none" opacity={isFaint ? 0.5 : 1}>
      {parts.map(
        (part) =>
          part && (
            <rect
              key={part.key}
              x={x}
              width={width}
              y={part.y}
              height={part.height}
              style={{ fill: part.colour }}
            />
          ),
      )}
      {hatch && <rect x={x} width={width} y={most - below} height={below} fill={hatch} />}
    </g>
  )
}

export function AsTable({ label, series, names, format }: Omit<Props, 'isOpen'>) {
  const name = texts.tableOf(label)
  return (
    <details className="min-w-0 text-sm open:basis-full">
      <summary className="w-fit cursor-pointer rounded py-1 text-muted">{texts.asTable}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <div role="region" aria-label={name} tabIndex={0} className="max-h-72 overflow-auto">
        <table className="w-full text-right">
          <thead>
            <tr className="border-b border-line text-muted">
              <th scope="col" className="py-1 pr-3 text-left font-medium">
                {texts.piece}
              </th>
              {series.map((one) => (
                <th key={one.key} scope="col" className="py-1 pl-3 font-medium">
                  {one.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((one, piece) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a piece is its place
              <tr key={`${piece} ${one}`} className="border-b border-line last:border-0">
                <th scope="row" className="py-1 pr-3 text-left font-normal whitespace-nowrap">
                  {one}
                </th>
                {series.map((one) => (
                  <td key={one.key} className="py-1 pl-3">
                    {format(one.values[piece] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

/** Where a key leads from `at`; undefined: nowhere. */
export function step(key: string, at: number, last: number): number | undefined {
  if (key === 'ArrowLeft' || key === 'ArrowDown') return Math.max(0, at - 1)
  if (key === 'ArrowRight' || key === 'ArrowUp') return Math.min(last, at + 1)
  if (key === 'Home') return 0
  return key === 'End' ? last : undefined
}

/** The next round number, and not far above: it is the chart's height. */
export function ceiling(most: number): number {
  if (most <= 0) return 1
  const zeros = 10 ** Math.floor(Math.log10(most))
  return (
    [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((digit) => digit * zeros).find((round) => round >= most) ??
    most
  )
}

const added = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
