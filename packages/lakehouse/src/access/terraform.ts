import type { AccessPolicy } from './access-policy.js'

/** Policies as resources of Terraform, by the names of the apps. */
export const terraformOf = (
  lakehouse: string,
  environment: string,
  policies: ReadonlyMap<string, AccessPolicy>,
): string =>
  [...policies]
    .map(([app, policy]) => {
      const name = `deltaworks_${lakehouse}_${app}_${environment}`.replaceAll(/\W/g, '_')
      return [
        `resource "aws_iam_policy" "${name}" {`,
        `  name        = "${name.replaceAll('_', '-')}"`,
        `  description = "What deltaworks-${app} needs for the lakehouse ${lakehouse} in ${environment}"`,
        `  policy = jsonencode(${indent(hclOf(policy))})`,
        '}',
        '',
      ].join('\n')
    })
    .join('\n')

/** Data in HCL, which is JSON with other signs; `$` is doubled, so that nothing is taken for a template. */
function hclOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? `[${hclOf(value[0])}]` : block('[', value.map(hclOf), ']', ',')
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, member]) => `${/^[A-Za-z]\w*$/.test(key) ? key : JSON.stringify(key)} = ${hclOf(member)}`,
    )
    return block('{', members, '}', '')
  }
  return JSON.stringify(value).replaceAll('${', '$${').replaceAll('%{', '%%{')
}

const block = (open: string, lines: readonly string[], close: string, separator: string): string =>
  `${open}\n${lines.map((line) => `  ${indent(line)}${separator}\n`).join('')}${close}`
const indent = (text: string): string => text.replaceAll('\n', '\n  ')
