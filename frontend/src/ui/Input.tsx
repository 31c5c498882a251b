import type { ComponentProps } from 'react'

import { classes } from '../lib/classes'

export const CONTROL =
  'h-8 touch:h-11 w-full min-w-0 rounded border border-edge bg-card px-2 touch:text-lg aria-invalid:border-failed disabled:opacity-50'

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input {...rest} className={classes(CONTROL, className)} />
}
