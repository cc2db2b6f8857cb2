import { azureOptions } from '../options/storage-configuration.js'
import type { FailureNames } from '../remote/http-failure.js'
import { RemoteStore } from '../remote/remote-store.js'
import type { RetryOptions } from '../retry.js'
import { AzureBackend } from './azure-backend.js'
import type { AzureOptions } from './azure-options.js'

const names: FailureNames = {
  bucketMissing: new Set(['ContainerNotFound', 'ENOTFOUND']),
  credentials: new Set(['credentials', 'AuthenticationFailed', 'InvalidAuthenticationInfo']),
}

/** The store of `az://container/prefix`, or of `abfss://container@account.dfs.core.windows.net/prefix`. */
export function openAzure(
  uri: string,
  options?: AzureOptions,
  retry?: Pick<RetryOptions, 'sleep' | 'random'>,
): RemoteStore {
  const [host = '', ...prefix] = uri.slice(uri.indexOf('://') + 3).split('/')
  const [container = '', server] = host.split('@')
  const named = server === undefined ? {} : { account: server.split('.')[0]! }
  const settings = { ...(options ?? azureOptions(container)), ...named }
  const backend = new AzureBackend(`${uri.slice(0, uri.indexOf('://'))}://${host}`, container, settings)
  const { maxAttempts = 8, connections = 32 } = settings
  return new RemoteStore(uri, prefix.join('/'), backend, names, { maxAttempts, connections }, retry)
}
