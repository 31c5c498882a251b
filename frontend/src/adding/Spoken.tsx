import { Private } from '../ui/Private'
import { pieces } from './addresses'

/** What the service says, or how a file is called: addresses in it belong to somebody. */
export function Spoken({ children }: { children: string }) {
  return pieces(children).map(({ text, isAddress }, n) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: a sentence stays as it is
    isAddress ? <Private key={n}>{text}</Private> : text,
  )
}
