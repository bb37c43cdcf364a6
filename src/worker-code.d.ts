/** The text of the built worker, put in by the build (vite.config.ts). */
declare module 'kymograph:worker-code' {
  const code: string
  export default code
}
