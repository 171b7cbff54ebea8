// Several accounts on the unmodified whatsapp-web.js, as its users run them: one Node process, and a
// Client with a Chromium and a saved login of its own for each. Every message from a customer is
// answered with a quote and a fixed text. Reads commands from standard input and prints what
// happens, one JSON array per line each; ends when standard input ends.
const { createRequire } = require("node:module");
const readline = require("node:readline");

const { Client, LocalAuth } = createRequire(require.resolve("../honesty/package.json"))(
  "whatsapp-web.js",
);
const { chromium, args, dataPath, reply } = JSON.parse(process.argv[2]);
const tell = (...event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const clients = new Map();

function start(account, turn) {
  const client = new Client({
    authStrategy: new LocalAuth({ clientId: account, dataPath }),
    puppeteer: { executablePath: chromium, args, pipe: true },
  });
  clients.set(account, client);
  client.on("qr", () => tell("qr", account));
  client.on("ready", () => tell("ready", account, turn));
  client.on("message", (message) => message.reply(reply));
  client.initialize().catch((error) => tell("failed", account, String(error?.stack ?? error)));
}

async function stop(account, turn) {
  await clients.get(account).destroy();
  clients.delete(account);
  tell("stopped", account, turn);
}

const commands = { start, stop };
const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => {
  const [command, account, turn] = JSON.parse(line);
  commands[command](account, turn);
});
input.on("close", async () => {
  await Promise.all([...clients.values()].map((client) => client.destroy()));
  process.exit(0);
});
process.on("unhandledRejection", (error) => tell("rejection", String(error?.stack ?? error)));
