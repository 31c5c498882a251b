import type { Document, Name } from './fields'
import { SettingRow } from './SettingRow'

type Props = { document: Document; names: readonly Name[] }

export function Rows({ document, names }: Props) {
  return names.map((name) => <SettingRow key={name} document={document} name={name} />)
}
