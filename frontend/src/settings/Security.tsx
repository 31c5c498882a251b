import { Codes } from './Codes'
import type { Document } from './fields'
import { Password } from './Password'
import { Sessions } from './Sessions'

/** How the operator signs in, and who has. */
export function Security({ document }: { document: Document }) {
  return (
    <>
      <Password isSet={document.security.hasPassword} />
      <Codes document={document} />
      <Sessions document={document} />
    </>
  )
}
