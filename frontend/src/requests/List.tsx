import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ArrowUp, Pause, Play } from 'lucide-react'
import { useState, useSyncExternalStore } from 'react'
import { Problem } from '../api/problem'
import { requestsPage } from '../api/queries'
import { complain } from '../lib/messages'
import { Button } from '../ui/Button'
import { RequestTable } from './RequestTable'
import { type Document, prolonged } from './tail'
import { texts } from './texts'
import { useHeld } from './useHeld'
import { keyOf } from './useTail'
import { asked, type View } from './view'

const SCROLLED_PX = 160

type Props = {
  document: Document
  view: View
  selected: string | undefined
  onOpen: (id: string) => void
}

/** Follows what happens, unless it is paused, scrolled, or under the pointer. */
export function List({ document, view, selected, onOpen }: Props) {
  const [isPaused, setPaused] = useState(false)
  const [isTouched, setTouched] = useState(false)
  const isScrolled = useSyncExternalStore(watchScroll, () => window.scrollY > SCROLLED_PX)
  const [rows, waiting] = useHeld(
    document,
    isPaused || isScrolled || isTouched || selected !== undefined,
  )
  const cache = useQueryClient()
  const older = useMutation({
    mutationFn: () =>
      requestsPage({ ...asked(view, Date.now()), cursor: document.nextCursor ?? '' }),
    onSuccess: (page) =>
      cache.setQueryData<Document>(keyOf(view), (held) => held && prolonged(held, page)),
    onError: (error) => complain(Problem.of(error).message),
  })

  function showNew() {
    setPaused(false)
    setTouched(false)
    window.scrollTo({ top: 0 })
  }

  return (
    <section aria-label={texts.table} className="@container min-w-0">
      <div className="mb-2 flex min-h-8 items-center gap-3">
        <p
          role="status"
          aria-live={view.q ? 'polite' : 'off'} // it changes all the time while all are shown
          className="text-sm text-muted tabular"
        >
          {texts.found(document.total, document.totalIsExact)}
        </p>
        <Button
          data-shortcut="l"
          title={isPaused ? texts.goOnHint : texts.pauseHint}
          onClick={() => setPaused(!isPaused)}
          className="ml-auto"
        >
          {isPaused ? (
            <Play aria-hidden="true" className="size-4" />
          ) : (
            <Pause aria-hidden="true" className="size-4" />
          )}
          {isPaused ? texts.goOn : texts.pause}
        </Button>
      </div>
      <div className="sticky top-24 z-20 flex h-0 justify-center">
        {waiting > 0 && (
          <Button look="primary" onClick={showNew} className="-mt-3 shadow-over">
            <ArrowUp aria-hidden="true" className="size-4" />
            {texts.waiting(waiting)}
          </Button>
        )}
      </div>
      <div
        onPointerEnter={({ pointerType }) => setTouched(pointerType === 'mouse')}
        onPointerLeave={() => setTouched(false)}
        className="overflow-clip rounded border border-line bg-card"
      >
        <RequestTable
          rows={rows}
          names={document.names}
          selected={selected}
          onOpen={({ requestId }) => onOpen(requestId)}
        />
      </div>
      {document.nextCursor && (
        <div className="mt-3 flex justify-center">
          <Button busy={older.isPending} onClick={() => older.mutate()}>
            {texts.older}
          </Button>
        </div>
      )}
    </section>
  )
}

function watchScroll(changed: () => void): () => void {
  window.addEventListener('scroll', changed, { passive: true })
  return () => window.removeEventListener('scroll', changed)
}
