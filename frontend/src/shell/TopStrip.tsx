import { useQuery } from '@tanstack/react-query'
import {
  CircleUser,
  Eye,
  EyeOff,
  Keyboard,
  Lock,
  LogOut,
  Monitor,
  Moon,
  Search,
  Sun,
} from 'lucide-react'
import { Link, useLocation } from 'wouter'

import { session } from '../api/queries'
import { base } from '../lib/facts'
import { privacy, setPrivacy, setTheme, THEMES, theme } from '../lib/preferences'
import { RANGES, useRange } from '../lib/range'
import { common } from '../lib/texts'
import { useStore } from '../lib/useStore'
import { IconButton } from '../ui/IconButton'
import { Menu } from '../ui/Menu'
import { Select } from '../ui/Select'
import { LiveDot } from './LiveDot'
import { routeOf } from './routes'
import { signOut } from './signOut'
import { texts } from './texts'

const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon } as const

type Props = { onSearch: () => void; onHelp: () => void }

export function TopStrip({ onSearch, onHelp }: Props) {
  const [location] = useLocation()
  const isPrivate = useStore(privacy)
  return (
    <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-b border-line bg-card px-4">
      <Link href="/" className="mr-1 rounded font-semibold whitespace-nowrap">
        {common.product}
      </Link>
      <LiveDot />
      <span className="grow" />
      {routeOf(location)?.isRanged && <RangeSelect />}
      <button
        type="button"
        onClick={onSearch}
        className="hidden h-8 touch:h-11 items-center gap-2 rounded border border-edge px-2 text-muted hover:bg-soft lg:inline-flex lg:w-56"
      >
        <Search aria-hidden="true" className="size-4" />
        <span className="grow text-left">{texts.search}</span>
        <kbd className="font-sans text-xs">Ctrl K</kbd>
      </button>
      <IconButton icon={Search} label={texts.search} onClick={onSearch} className="lg:hidden" />
      <IconButton
        icon={isPrivate ? EyeOff : Eye}
        label={isPrivate ? texts.showNames : texts.hideNames}
        aria-pressed={isPrivate}
        onClick={() => setPrivacy(!isPrivate)}
        className="max-md:hidden"
      />
      <ThemeMenu />
      <OperatorMenu onHelp={onHelp} />
    </header>
  )
}

function RangeSelect() {
  const [range, setRange] = useRange()
  return (
    <Select
      aria-label={texts.range}
      data-shortcut="t"
      value={range}
      options={RANGES.map((one) => [one, texts.ranges[one]] as const)}
      onChange={setRange}
      className="w-20"
    />
  )
}

function ThemeMenu() {
  const chosen = useStore(theme)
  return (
    <Menu
      label={texts.theme}
      trigger={
        <IconButton icon={THEME_ICONS[chosen]} label={texts.theme} className="max-md:hidden" />
      }
      items={THEMES.map((one) => ({
        label: texts.themes[one],
        icon: THEME_ICONS[one],
        checked: one === chosen,
        onSelect: () => setTheme(one),
      }))}
    />
  )
}

function OperatorMenu({ onHelp }: { onHelp: () => void }) {
  const isPrivate = useStore(privacy)
  const dark = useStore(theme) === 'dark'
  const { data } = useQuery(session)
  const signedIn = data?.passwordSessionActive ?? false
  return (
    <Menu
      label={texts.operator}
      trigger={<IconButton icon={CircleUser} label={texts.operator} />}
      items={[
        { label: texts.shortcuts, icon: Keyboard, onSelect: onHelp },
        {
          label: isPrivate ? texts.showNames : texts.hideNames,
          icon: isPrivate ? Eye : EyeOff,
          onSelect: () => setPrivacy(!isPrivate),
        },
        {
          label: texts.themes[dark ? 'light' : 'dark'],
          icon: THEME_ICONS[dark ? 'light' : 'dark'],
          onSelect: () => setTheme(dark ? 'light' : 'dark'),
        },
        'line',
        signedIn
          ? { label: texts.signOut, icon: LogOut, onSelect: () => void signOut() }
          : {
              label: texts.setPassword,
              icon: Lock,
              onSelect: () => window.location.assign(`${base}/login`),
            },
      ]}
    />
  )
}
