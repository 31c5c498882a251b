import { Ellipsis, Pencil, Power, PowerOff, RefreshCw, RotateCcw, Trash2 } from 'lucide-react'

import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { IconButton } from '../ui/IconButton'
import { Menu } from '../ui/Menu'
import { usePatch } from './changes'
import type { Key } from './state'
import { texts } from './texts'

type Props = { target: Key; onEdit: () => void; onDelete: () => void; onRegenerate: () => void }

export function KeyMenu({ target, onEdit, onDelete, onRegenerate }: Props) {
  const { id, name, isActive, limits } = target
  const patch = usePatch()

  function turn(on: boolean) {
    const undo = { label: common.undo, run: () => turn(!on) }
    const done = () => say(on ? texts.enabled(name) : texts.disabled(name), undo)
    patch.mutate({ id, change: { isActive: on } }, { onSuccess: done })
  }

  function resetUsage() {
    const done = () => say(texts.usageReset(name))
    patch.mutate({ id, change: { resetUsage: true } }, { onSuccess: done })
  }

  return (
    <Menu
      label={texts.actionsOf(name)}
      trigger={
        <IconButton icon={Ellipsis} label={texts.actionsOf(name)} data-shortcut="." tabIndex={-1} />
      }
      items={[
        { label: texts.edit, icon: Pencil, onSelect: onEdit },
        isActive
          ? { label: texts.disable, icon: PowerOff, onSelect: () => turn(false) }
          : { label: texts.enable, icon: Power, onSelect: () => turn(true) },
        { label: texts.regenerate, icon: RefreshCw, onSelect: onRegenerate },
        {
          label: texts.resetUsage,
          icon: RotateCcw,
          onSelect: resetUsage,
          ...(limits.length === 0 ? { disabled: texts.noBudget } : {}),
        },
        'line',
        { label: texts.delete, icon: Trash2, danger: true, onSelect: onDelete },
      ]}
    />
  )
}
