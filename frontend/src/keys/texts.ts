import { catalogue } from '../lib/texts'
export const texts = catalogue({ en: { title: 'Keys', create: 'Create a key' } })
