// An OpenID provider for a test: node provider.mjs PORT CLIENT-JSON
import { Provider } from 'oidc-provider';

const [port, client] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [JSON.parse(client)],
  features: { backchannelLogout: { enabled: true } },
  // It refuses to send anything to addresses such as that of this test.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  cookies: { keys: ['for a test'] },
});
provider.on('backchannel.success', (_, client, account) => console.log(`told ${client.clientId} of ${account}`));
provider.on('backchannel.error', (_, err) => console.log(`not told: ${err}`));
provider.on('server_error', (_, err) => console.log(`error: ${err.stack}`));
provider.listen(Number(port), '127.0.0.1', () => console.log(`Serving ${issuer}`));
