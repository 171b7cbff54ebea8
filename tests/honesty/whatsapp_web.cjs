// Drives the unmodified whatsapp-web.js and prints what it announces, one JSON array per line.
// Every message from a customer is answered with a quote. Ends when standard input ends.
const { Client, LocalAuth } = require("whatsapp-web.js");

const { chromium, args, dataPath } = JSON.parse(process.argv[2]);
const tell = (kind, ...details) => process.stdout.write(`${JSON.stringify([kind, ...details])}\n`);

const client = new Client({
  authStrategy: new LocalAuth({ dataPath }),
  puppeteer: { executablePath: chromium, args, pipe: true },
});

client.on("qr", (code) => tell("qr", code));
client.on("loading_screen", (percent) => tell("loading_screen", percent));
client.on("authenticated", () => tell("authenticated"));
client.on("ready", () => tell("ready", client.info.wid._serialized));
client.on("change_state", (state) => tell("change_state", state));
client.on("disconnected", (reason) => tell("disconnected", reason));
client.on("message_ack", (message, ack) => tell("message_ack", message.id._serialized, ack));
client.on("message_ciphertext", (message) => tell("ciphertext", message.id._serialized));
client.on("message_revoke_everyone", (message) => tell("revoked", message.id._serialized));
client.on("message_edit", (message, body) => tell("edited", message.id._serialized, body));
client.on("message", async (message) => {
  tell("message", message.id._serialized, message.from, message.type, message.body);
  const chat = await message.getChat();
  const reply = await message.reply(`Nimepokea: ${message.body}`);
  tell("replied", reply.id._serialized, chat.id._serialized, chat.name);
  const history = await chat.fetchMessages({ limit: 50 });
  tell("history", ...history.map((one) => one.id._serialized));
});

process.stdin.resume();
process.stdin.on("end", async () => {
  await client.destroy();
  process.exit(0);
});
process.on("unhandledRejection", (error) => tell("rejection", String(error?.stack ?? error)));
client.initialize().catch((error) => tell("failed", String(error?.stack ?? error)));
