import { X } from 'lucide-react'

import { number, shortDate, time, when } from '../lib/format'
import { Bars } from '../ui/Bars'
import { Button } from '../ui/Button'
import type { Document } from './tail'
import { texts } from './texts'
import type { Span } from './view'

const said = texts.histogram

type Props = { document: Document; zoom: Span | null; onZoom: (zoom: Span | null) => void }

/** When the requests came; a stretch of it is to be looked at more closely. */
export function Histogram({ document, zoom, onZoom }: Props) {
  const { histogram, histogramStepSeconds: step } = document
  const starts = histogram.map(({ startsAt }) => Date.parse(startsAt))
  const last = starts.at(-1) ?? 0
  const name = (at: number) => {
    if (step >= 86_400) return shortDate(at)
    return step < 3_600 ? time(at) : when(at, last)
  }

  function choose(first: number, end: number) {
    onZoom({ from: (starts[first] ?? 0) / 1000, to: (starts[end] ?? 0) / 1000 + step })
  }

  return (
    <section
      aria-label={said.title}
      className="mb-4 grid gap-2 rounded border border-line bg-card px-4 py-3"
    >
      {zoom && (
        <Button className="justify-self-start" onClick={() => onZoom(null)} title={said.zoomOut}>
          {said.zoomed(when(zoom.from * 1000, last), when(zoom.to * 1000, last))}
          <X aria-label={said.zoomOut} className="size-4" />
        </Button>
      )}
      {document.total > 0 && (
        <Bars
          label={said.title}
          series={[
            {
              key: 'failed',
              label: said.failed,
              colour: 'var(--failed)',
              values: histogram.map(({ failed }) => failed),
            },
            {
              key: 'good',
              label: said.good,
              colour: 'var(--serving)',
              values: histogram.map(({ requests, failed }) => requests - failed),
            },
          ]}
          names={starts.map(name)}
          format={number}
          isOpen={zoom === null}
          height={64}
          onSpan={choose}
        />
      )}
      {!document.histogramIsWhole && <p className="text-xs text-muted">{said.cut}</p>}
    </section>
  )
}
