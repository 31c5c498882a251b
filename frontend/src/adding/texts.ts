import { catalogue } from '../lib/texts'

export const texts = catalogue({
  en: { title: 'Add an account', again: (email: string) => `Sign ${email} in again` },
})
