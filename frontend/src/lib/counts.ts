/** Numbers with their nouns. */

import { number } from './format'
import { catalogue } from './texts'

export const { requestsOf } = catalogue({
  en: {
    requestsOf: (count: number) => (count === 1 ? '1 request' : `${number(count)} requests`),
  },
})
