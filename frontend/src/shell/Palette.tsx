import { type LucideIcon, Moon, Plus, Sun } from 'lucide-react'
import { type KeyboardEvent, useId, useState } from 'react'
import { useLocation } from 'wouter'
import { texts as keyTexts } from '../keys/texts'
import { classes } from '../lib/classes'
import { setTheme } from '../lib/preferences'
import { Dialog } from '../ui/Dialog'
import { Input } from '../ui/Input'
import { matching } from './matching'
import { ROUTES } from './routes'
import { texts } from './texts'

type Command = { label: string; icon: LucideIcon; run: () => void }

/** Everything by name: pages and actions. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [, navigate] = useLocation()
  const [words, setWords] = useState('')
  const [at, setAt] = useState(0)
  const list = useId()
  const commands: Command[] = [
    ...ROUTES.map(({ name, path, icon }) => ({
      label: texts.pages[name],
      icon,
      run: () => navigate(path),
    })),
    { label: keyTexts.create, icon: Plus, run: () => navigate('/keys/new') },
    { label: `${texts.theme}: ${texts.themes.light}`, icon: Sun, run: () => setTheme('light') },
    { label: `${texts.theme}: ${texts.themes.dark}`, icon: Moon, run: () => setTheme('dark') },
  ]
  const found = matching(commands, words)
  const chosen = Math.min(at, found.length - 1)

  function run(command: Command | undefined) {
    if (!command) return
    onClose()
    command.run()
  }

  function onKeyDown(event: KeyboardEvent) {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const step = steps[event.key]
    if (step) {
      event.preventDefault()
      setAt((chosen + step + found.length) % found.length)
    }
    if (event.key === 'Enter') run(found[chosen])
  }

  return (
    <Dialog open onClose={onClose} title={texts.search}>
      <Input
        role="combobox"
        aria-label={texts.searchHint}
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[chosen] && `${list}-${chosen}`}
        placeholder={texts.searchHint}
        value={words}
        onChange={({ target }) => {
          setWords(target.value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div id={list} role="listbox" aria-label={texts.search} className="mt-2">
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and the keys
          <div
            key={command.label}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => run(command)}
            className={classes(
              'flex h-9 touch:h-11 cursor-pointer items-center gap-3 rounded px-2',
              index === chosen ? 'bg-soft' : 'hover:bg-soft',
            )}
          >
            <command.icon aria-hidden="true" className="size-4 text-muted" />
            {command.label}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="mt-2 text-muted">{texts.noMatch(words)}</p>}
    </Dialog>
  )
}
