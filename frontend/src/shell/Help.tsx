import { setShortcuts, shortcuts } from '../lib/preferences'
import { useStore } from '../lib/useStore'
import { Dialog } from '../ui/Dialog'
import { Switch } from '../ui/Switch'
import { ROUTES } from './routes'
import { texts } from './texts'

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl K', texts.keys.palette],
  ['/', texts.keys.find],
  ...ROUTES.map(({ key, name }) => [`g ${key}`, texts.keys.go(texts.pages[name])] as const),
  ['j k', texts.keys.next],
  ['Enter', texts.keys.open],
  ['x', texts.keys.select],
  ['.', texts.keys.menu],
  ['t', texts.keys.range],
  ['l', texts.keys.live],
  ['Esc', texts.keys.escape],
  ['?', texts.keys.help],
]

export function Help({ onClose }: { onClose: () => void }) {
  const on = useStore(shortcuts)
  return (
    <Dialog open onClose={onClose} title={texts.shortcuts}>
      <Switch
        label={texts.shortcutsOn}
        hint={texts.shortcutsHint}
        checked={on}
        onChange={setShortcuts}
      />
      <dl className="mt-4 grid grid-cols-[5rem_1fr] gap-y-1.5">
        {KEYS.map(([keys, does]) => (
          <div key={keys} className="contents">
            <dt className="flex gap-1">
              {keys.split(' ').map((key) => (
                <kbd key={key} className="rounded border border-edge px-1.5 font-sans text-xs">
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
