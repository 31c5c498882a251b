import { Sheet } from '../ui/Sheet'
import { texts } from './texts'

type Props = {
  again?: { id: string; email: string } // the account that is to be signed in anew
  onClose: () => void
}

/** How an account comes into the pool. */
export function AddAccount({ again, onClose }: Props) {
  return <Sheet open onClose={onClose} title={again ? texts.again(again.email) : texts.title} />
}
