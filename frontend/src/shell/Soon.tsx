import { useLocation } from 'wouter'

import { EmptyState } from '../ui/EmptyState'
import { Page } from '../ui/Page'
import { routeOf } from './routes'
import { texts } from './texts'

/** Stands for a page that is being built. */
export function Soon() {
  const [location] = useLocation()
  const route = routeOf(location)
  return (
    <Page title={route ? texts.pages[route.name] : texts.notFound}>
      <EmptyState text={texts.comingSoon} />
    </Page>
  )
}
