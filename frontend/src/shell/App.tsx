import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'

import { signInDue } from '../api/session'
import { facts } from '../lib/facts'
import { useStore } from '../lib/useStore'
import { Skeleton } from '../ui/Skeleton'
import { Toast } from '../ui/Toast'
import { Boundary } from './Boundary'
import { NotFound } from './NotFound'
import { Rail } from './Rail'
import { ROUTES, routeOf } from './routes'
import { listenForKeys } from './shortcuts'
import { TopStrip } from './TopStrip'
import { texts } from './texts'

const Palette = lazy(() => import('./Palette').then((file) => ({ default: file.Palette })))
const Help = lazy(() => import('./Help').then((file) => ({ default: file.Help })))
const SignInOver = lazy(() => import('./SignInOver').then((file) => ({ default: file.SignInOver })))

/** What stands around every page. */
export function App() {
  const [location, navigate] = useLocation()
  const [open, setOpen] = useState<'palette' | 'help' | null>(null)
  const main = useFocusAfterNavigation(location)
  const mustSignIn = useStore(signInDue)
  const close = () => setOpen(null)

  useEffect(() => {
    const listening = new AbortController()
    const acts = {
      palette: () => setOpen('palette'),
      help: () => setOpen('help'),
      go: (path: string) => navigate(path),
    }
    listenForKeys(acts, listening.signal)
    return () => listening.abort()
  }, [navigate])

  return (
    <>
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
      >
        {texts.skip}
      </a>
      <TopStrip onSearch={() => setOpen('palette')} onHelp={() => setOpen('help')} />
      <div className="mx-auto flex max-w-[90rem]">
        <Rail />
        <main
          ref={main}
          id="content"
          tabIndex={-1}
          className="min-w-0 grow px-4 pt-5 pb-24 outline-none md:px-6 md:pb-10"
        >
          {facts.notice && (
            <p
              role="note"
              className="mb-4 rounded border-l-4 border-accent bg-soft px-3 py-2 text-sm"
            >
              {facts.notice}
            </p>
          )}
          <Boundary key={routeOf(location)?.name ?? location}>
            <Suspense fallback={<Skeleton lines={6} />}>
              <Switch>
                {ROUTES.map(({ name, pattern, page }) => (
                  <Route key={name} path={pattern} component={page} />
                ))}
                <Route path="/login">
                  <Redirect to="/" replace />
                </Route>
                <Route component={NotFound} />
              </Switch>
            </Suspense>
          </Boundary>
        </main>
      </div>
      <Toast />
      <Boundary key={`${open} ${mustSignIn}`} instead={null}>
        <Suspense fallback={null}>
          {open === 'palette' && <Palette onClose={close} />}
          {open === 'help' && <Help onClose={close} />}
          {mustSignIn && <SignInOver />}
        </Suspense>
      </Boundary>
    </>
  )
}

/** So that a screen reader begins at the new page. */
function useFocusAfterNavigation(location: string) {
  const main = useRef<HTMLElement>(null)
  const before = useRef(location)
  useEffect(() => {
    const page = (path: string) => path.split('/')[1]
    if (page(before.current) !== page(location)) {
      main.current?.focus({ preventScroll: true })
      window.scrollTo(0, 0)
    }
    before.current = location
  }, [location])
  return main
}
