import type { SecretReference } from '../secrets/resolve-secret.js'

interface Addressed {
  readonly from: string
  readonly to: readonly string[]
}
interface Located {
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
}

/** How people are told, as an environment says it; secrets are references. */
export type AlertChannel =
  | ({
      readonly kind: 'smtp'
      readonly host: string
      readonly port?: number | undefined
      readonly encryption?: 'required' | 'none' | undefined
      readonly user?: string | undefined
      readonly password?: SecretReference | undefined
    } & Addressed)
  | ({ readonly kind: 'ses' } & Addressed & Located)
  | { readonly kind: 'slack'; readonly url: SecretReference }
  | ({ readonly kind: 'sns'; readonly topic: string } & Located)
  | {
      readonly kind: 'webhook'
      readonly url: SecretReference
      readonly headers?: Readonly<Record<string, SecretReference>> | undefined
    }
