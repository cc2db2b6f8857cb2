import { marks, stateNames, type AlertItem, type AlertMessage } from './alert-message.js'

const headOf = ({ state, reminder, lasted }: AlertItem): string =>
  [stateNames[state], ...(reminder ? ['still open'] : []), ...(lasted === null ? [] : [lasted])].join(', ')

/** Plain text: a paragraph an alert. */
export function renderText({ items, footer, report }: AlertMessage): string {
  const paragraphs = items.map((item) =>
    [
      `${marks[item.state]} ${item.title}`,
      headOf(item),
      ...(item.detail === '' || item.state === 'recovered' ? [] : [item.detail]),
      ...(item.runbook === null || item.state === 'recovered' ? [] : [`What to do: ${item.runbook}`]),
    ].join('\n'),
  )
  return [...paragraphs, [...(report === null ? [] : [`Report: ${report}`]), footer].join('\n')].join('\n\n')
}

const colours: Readonly<Record<AlertItem['state'], string>> = {
  critical: '#c62828',
  warning: '#b26a00',
  recovered: '#2e7d32',
}

/** One column, large letters, no picture, no style sheet: reads well on a phone, in light and dark. */
export function renderMail(message: AlertMessage): string {
  const items = message.items.map((item) => {
    const detail =
      item.detail === '' || item.state === 'recovered' ? '' : `<p style="margin:6px 0 0">${escape(item.detail)}</p>`
    const runbook =
      item.runbook === null || item.state === 'recovered'
        ? ''
        : `<p style="margin:8px 0 0">${link(item.runbook, 'What to do')}</p>`
    return (
      `<div style="border-left:4px solid ${colours[item.state]};padding:2px 0 2px 12px;margin:0 0 20px">` +
      `<p style="margin:0;font-size:18px;font-weight:600">${escape(item.title)}</p>` +
      `<p style="margin:2px 0 0;color:${colours[item.state]}">${escape(headOf(item))}</p>${detail}${runbook}</div>`
    )
  })
  const report =
    message.report === null ? '' : `<p style="margin:0 0 8px">${link(message.report, 'Report of the run')}</p>`
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    '<meta name="color-scheme" content="light dark"></head>' +
    `<body style="margin:0;padding:16px;font:16px/1.4 system-ui,sans-serif"><div style="max-width:560px;margin:0 auto">${items.join('')}` +
    `${report}<p style="margin:0;font-size:14px;opacity:.7">${escape(message.footer)}</p></div></body></html>`
  )
}

/** Slack's blocks, with a text for notifications. Source: api.slack.com, "Block Kit". */
export function renderSlack(message: AlertMessage): object {
  const blocks = message.items.slice(0, 40).map((item) => ({
    type: 'section',
    text: {
      type: 'mrkdwn',
      text: [
        `${marks[item.state]} *${slackText(item.title)}*`,
        `_${slackText(headOf(item))}_`,
        ...(item.detail === '' || item.state === 'recovered' ? [] : [slackText(item.detail)]),
        ...(item.runbook === null || item.state === 'recovered' ? [] : [`<${item.runbook}|What to do>`]),
      ].join('\n'),
    },
  }))
  const left = message.items.length - blocks.length
  const footer = [
    ...(left > 0 ? [`${left} more`] : []),
    ...(message.report === null ? [] : [`<${message.report}|Report>`]),
    slackText(message.footer),
  ].join(' · ')
  return {
    text: message.subject,
    blocks: [...blocks, { type: 'context', elements: [{ type: 'mrkdwn', text: footer }] }],
  }
}

/** For programs: the same alerts as data, with a key that is equal for the same trouble. */
export const renderWebhook = ({ subject, items, report, place }: AlertMessage): object => ({
  formatVersion: 1,
  text: subject,
  lakehouse: place.lakehouse,
  environment: place.environment,
  runId: place.runId,
  lake: place.root,
  report,
  sentAt: new Date(place.nowMs).toISOString(),
  alerts: items.map(({ state, key, rule, title, detail, runbook, sinceMs, reminder }) => ({
    status: state === 'recovered' ? 'recovered' : 'firing',
    severity: state === 'recovered' ? null : state,
    reminder,
    key,
    rule,
    title,
    detail,
    runbook,
    since: new Date(sinceMs).toISOString(),
  })),
})

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const link = (url: string, text: string): string => `<a href="${escape(url)}" style="color:#1565c0">${text}</a>`
const slackText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
