import { api, tell } from '../api/client'
import { Problem } from '../api/problem'
import { base } from '../lib/facts'
import { complain } from '../lib/messages'

/** The page that follows is the one that signs in. */
export async function signOut(): Promise<void> {
  try {
    await tell(api.POST('/api/dashboard-auth/logout'))
    window.location.assign(`${base}/`)
  } catch (error) {
    complain(Problem.of(error).message)
  }
}
