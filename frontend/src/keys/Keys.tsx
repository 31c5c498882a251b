import { Page } from '../ui/Page'
import { texts } from './texts'
export function Keys() {
  return <Page title={texts.title}>…</Page>
}
