/** The pages: their addresses, in the order of the rail. `dashboard/pages.py` has the same ones. */

import {
  Activity,
  ChartColumn,
  KeyRound,
  LayoutDashboard,
  type LucideIcon,
  Plug,
  Settings,
  Users,
} from 'lucide-react'
import { type ComponentType, lazy } from 'react'

import type { texts } from './texts'

export type Route = {
  name: keyof typeof texts.pages
  path: string
  pattern: string
  key: string // after `g`
  icon: LucideIcon
  isRanged: boolean // shows a stretch of time
  onPhone: boolean // has a tab of its own
  page: ComponentType
}

export const ROUTES: readonly Route[] = [
  {
    name: 'overview',
    path: '/',
    pattern: '/',
    key: 'o',
    icon: LayoutDashboard,
    isRanged: true,
    onPhone: true,
    page: lazy(() =>
      import('../overview/Overview').then(({ Overview }) => ({ default: Overview })),
    ),
  },
  {
    name: 'accounts',
    path: '/accounts',
    pattern: '/accounts/:id?',
    key: 'a',
    icon: Users,
    isRanged: false,
    onPhone: true,
    page: lazy(() =>
      import('../accounts/Accounts').then(({ Accounts }) => ({ default: Accounts })),
    ),
  },
  {
    name: 'requests',
    path: '/requests',
    pattern: '/requests/:id?',
    key: 'r',
    icon: Activity,
    isRanged: true,
    onPhone: true,
    page: lazy(() =>
      import('../requests/Requests').then(({ Requests }) => ({ default: Requests })),
    ),
  },
  {
    name: 'usage',
    path: '/usage',
    pattern: '/usage',
    key: 'u',
    icon: ChartColumn,
    isRanged: false, // counts whole days
    onPhone: false,
    page: lazy(() => import('../usage/Usage').then(({ Usage }) => ({ default: Usage }))),
  },
  {
    name: 'keys',
    path: '/keys',
    pattern: '/keys/:id?',
    key: 'k',
    icon: KeyRound,
    isRanged: false,
    onPhone: true,
    page: lazy(() => import('../keys/Keys').then(({ Keys }) => ({ default: Keys }))),
  },
  {
    name: 'connect',
    path: '/connect',
    pattern: '/connect',
    key: 'c',
    icon: Plug,
    isRanged: false,
    onPhone: false,
    page: lazy(() => import('../connect/Connect').then(({ Connect }) => ({ default: Connect }))),
  },
  {
    name: 'settings',
    path: '/settings',
    pattern: '/settings/:section?',
    key: 's',
    icon: Settings,
    isRanged: false,
    onPhone: false,
    page: lazy(() =>
      import('../settings/Settings').then(({ Settings }) => ({ default: Settings })),
    ),
  },
]

/** Which page an address shows, told by its first part. */
export function routeOf(location: string): Route | undefined {
  const part = `/${location.split('/')[1] ?? ''}`
  return ROUTES.find(({ path }) => path === part)
}
