import type { LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'

import { classes } from '../lib/classes'
import { Tooltip } from './Tooltip'

type Props = Omit<ComponentProps<'button'>, 'children' | 'aria-label'> & {
  icon: LucideIcon
  label: string // what it does; shown on hover and focus
}

export function IconButton({ icon: Icon, label, className, ...rest }: Props) {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={classes(
          'inline-flex size-8 touch:size-11 shrink-0 items-center justify-center rounded text-muted',
          'hover:bg-soft hover:text-text aria-pressed:text-accent disabled:opacity-50',
          className,
        )}
      >
        <Icon aria-hidden="true" className="size-4" />
      </button>
    </Tooltip>
  )
}
