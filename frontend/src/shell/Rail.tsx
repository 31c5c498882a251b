import { Ellipsis } from 'lucide-react'
import { Link, useLocation } from 'wouter'

import { classes } from '../lib/classes'
import { useRange } from '../lib/range'
import { common } from '../lib/texts'
import { Menu } from '../ui/Menu'
import { ROUTES, type Route, routeOf } from './routes'
import { texts } from './texts'

/** The pages: at the left, as icons where there is little room, and at the bottom of a phone. */
export function Rail() {
  const [location, navigate] = useLocation()
  const [range] = useRange()
  const current = routeOf(location)
  const href = ({ path }: Route) => (range === '24h' ? path : `${path}?range=${range}`)
  const others = ROUTES.filter(({ onPhone }) => !onPhone)

  return (
    <nav
      aria-label={texts.navigation}
      className="fixed inset-x-0 bottom-0 z-30 border-t border-line bg-card pb-[env(safe-area-inset-bottom)] md:sticky md:inset-auto md:top-12 md:h-[calc(100dvh-3rem)] md:w-14 md:shrink-0 md:border-t-0 md:border-r md:bg-transparent md:py-3 lg:w-48"
    >
      <ul className="flex md:grid md:gap-0.5 md:px-2">
        {ROUTES.map((route) => (
          <li
            key={route.name}
            className={classes('max-md:flex-1', !route.onPhone && 'max-md:hidden')}
          >
            <Link
              href={href(route)}
              aria-current={route === current ? 'page' : undefined}
              title={texts.pages[route.name]}
              className={TAB}
            >
              <route.icon aria-hidden="true" className="size-4 shrink-0 max-md:size-5" />
              <span className="md:max-lg:sr-only">{texts.pages[route.name]}</span>
            </Link>
          </li>
        ))}
        <li className="flex-1 md:hidden">
          <Menu
            label={common.more}
            trigger={
              <button type="button" className={classes(TAB, 'w-full')}>
                <Ellipsis aria-hidden="true" className="size-5" />
                {common.more}
              </button>
            }
            items={others.map((route) => ({
              label: texts.pages[route.name],
              icon: route.icon,
              onSelect: () => navigate(href(route)),
            }))}
          />
        </li>
      </ul>
    </nav>
  )
}

const TAB =
  'flex items-center gap-3 rounded text-muted -outline-offset-2 hover:bg-soft hover:text-text aria-[current=page]:bg-soft aria-[current=page]:font-medium aria-[current=page]:text-text max-md:h-14 max-md:flex-col max-md:justify-center max-md:gap-1 max-md:text-xs max-md:aria-[current=page]:bg-transparent max-md:aria-[current=page]:text-accent md:h-9 md:px-3 touch:md:h-11'
