/** URL of a package's built module, for the programs of tests: `import.meta.resolve` gives what Jest loads in its place. */
export const builtModule = (name: string, file = 'index'): string =>
  new URL(`../../../../packages/${name}/dist/${file}.js`, import.meta.url).href
