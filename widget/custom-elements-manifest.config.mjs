export default { globs: ['src/customer-journey.ts'], packagejson: false };
