// The port is given by whoever starts it; nothing of the editor is served.
module.exports = {
  uiPort: Number(process.env.BENCH_PORT),
  uiHost: '127.0.0.1',
  httpAdminRoot: false,
  apiMaxLength: '50mb',
  flowFile: 'flows.json',
  telemetry: { enabled: false, updateNotification: false },
  logging: { console: { level: 'error' } },
};
