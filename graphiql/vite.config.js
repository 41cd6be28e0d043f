import { defineConfig } from 'vite';

/** Its two fonts would take as much room as half of the script; without them the sheet falls back to the system's. */
const withoutFonts = {
  name: 'without-fonts',
  enforce: 'pre',
  transform: (code, id) => (id.endsWith('.css') ? { code: code.replace(/@font-face\s*{[^}]*}/g, ''), map: null } : null),
};

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [withoutFonts],
  build: {
    target: 'es2022',
    license: { fileName: 'licences.md' },
    reportCompressedSize: false,
    lib: { entry: 'src/main.js', formats: ['es'], fileName: () => 'graphiql.js', cssFileName: 'graphiql' },
    rolldownOptions: {
      onLog: (level, log, tell) => log.code === 'MODULE_LEVEL_DIRECTIVE' || tell(level, log),
      output: { codeSplitting: false, minify: true },
    },
  },
});
