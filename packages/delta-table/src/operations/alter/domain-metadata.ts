import type { Snapshot } from '@deltaworks/delta-log'
import { badAlteration } from '../../errors.js'
import type { OperationContext, OperationResult } from '../../operation-context.js'
import type { WriteOptions } from '../../write/write-options.js'
import { alterTable } from './alter-table.js'

/**
 * Sets, or with null removes, the configuration of a metadata domain of the user's own. Two writers of one domain conflict.
 * @throws DeltaTableError DW-TABLE-0020 for a domain of the protocol (`delta.…`)
 */
export function setDomainMetadata(
  context: OperationContext,
  snapshot: Snapshot,
  domain: string,
  configuration: string | null,
  options: WriteOptions,
): Promise<OperationResult | null> {
  return alterTable(context, snapshot, options, (base) => {
    if (domain === '' || domain.startsWith('delta.')) {
      throw badAlteration(
        context.location.uri,
        `Domain "${domain}"`,
        'names that begin with "delta." are the protocol’s',
      )
    }
    const known = base.domains.get(domain)
    if (known?.configuration === (configuration ?? undefined)) return Promise.resolve(null)
    return Promise.resolve({
      metadata: base.metadata,
      schema: base.schema,
      features: ['domainMetadata'],
      actions: [
        {
          kind: 'domainMetadata',
          domain,
          configuration: configuration ?? known?.configuration ?? '',
          removed: configuration === null,
        },
      ],
      name: configuration === null ? 'REMOVE DOMAIN METADATA' : 'SET DOMAIN METADATA',
      parameters: { domain },
    })
  })
}
